"""Run by `omni.kit.test` inside a real Kit."""

scan_for_test_modules = True
