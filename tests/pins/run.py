"""The write path on the exact numpy and Pillow of each Isaac Sim, on its own Python: same bytes, nothing else needed.

    python tests/pins/run.py

Makes one environment a release under .venvs/ with two packages in it, presses the demo capture there with every format,
and compares the sha256 of every file. A release whose Python is not on this machine is named and skipped.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = ROOT / ".venvs"

# Isaac Sim -> Python, and the two packages that Kit brings (4.5's Pillow is as reported by its users).
RELEASES = {
    "4.5": ("3.10", "numpy==1.26.0", "pillow==11.0.0"),
    "5.0": ("3.11", "numpy==1.26.0", "pillow==11.2.1"),
    "5.1": ("3.11", "numpy==1.26.0", "pillow==11.3.0"),
    "6.0.1": ("3.12", "numpy==2.3.1", "pillow==12.2.0"),
}


def interpreter(version: str) -> str | None:
    """A Python of this version: on the PATH, or pyenv's."""
    pyenv = shutil.which("pyenv")
    root = Path(subprocess.run([pyenv, "root"], capture_output=True, text=True).stdout.strip()) if pyenv else None
    built = sorted(map(str, root.glob(f"versions/{version}.*/bin/python")), reverse=True) if root else []
    candidates = [shutil.which(f"python{version}"), *built]
    for candidate in filter(None, candidates):
        answer = subprocess.run(
            [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], capture_output=True, text=True
        )
        if answer.returncode == 0 and answer.stdout.strip() == version:
            return candidate
    return None


def environment(release: str, python: str, packages: tuple[str, ...]) -> Path:
    """The release's environment, made where it is missing or was made from other pins."""
    folder = ENVIRONMENTS / f"isaac-{release}"
    stamp, wanted = folder / "pins", " ".join((python, *packages))
    if not (stamp.exists() and stamp.read_text() == wanted):
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([python, "-m", "venv", folder], check=True)
        pip = [folder / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *packages], check=True)
        stamp.write_text(wanted)
    return folder / "bin/python"


def pressed(python: Path, capture: Path, target: Path) -> dict[str, str]:
    """Path -> sha256 of what this interpreter writes."""
    shutil.rmtree(target, ignore_errors=True)
    command = [python, "-W", "error", Path(__file__).with_name("press.py"), capture, target]
    # The repository's sources and nothing else; no bytecode, so that the versions do not meet in __pycache__.
    variables = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "python"), "PYTHONDONTWRITEBYTECODE": "1"}
    answer = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=variables)
    if answer.returncode:
        raise SystemExit(f"{python}: failed\n{answer.stderr}")
    found: dict[str, str] = json.loads(answer.stdout)
    return found


def main() -> int:
    work = ROOT / "out" / "pins"
    capture = work / "capture"
    shutil.rmtree(work, ignore_errors=True)
    subprocess.run([sys.executable, ROOT / "data/make_capture.py", capture, "--size", "160x90"], check=True)
    results: dict[str, dict[str, str]] = {}
    for release, (version, *packages) in RELEASES.items():
        python = interpreter(version)
        if python is None:
            print(f"Isaac Sim {release}: skipped, no Python {version} on this machine")
            continue
        results[release] = pressed(environment(release, python, tuple(packages)), capture, work / release)
        print(f"Isaac Sim {release}: Python {version}, {', '.join(packages)}: {len(results[release])} files")
    if not results:
        print("no release could be tried")
        return 1
    reference, expected = next(iter(results.items()))
    failed = 0
    for release, found in results.items():
        differing = sorted(path for path in expected.keys() | found.keys() if expected.get(path) != found.get(path))
        failed += bool(differing)
        if differing:
            print(f"Isaac Sim {release}: {len(differing)} files differ from {reference}: {', '.join(differing[:5])}")
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
