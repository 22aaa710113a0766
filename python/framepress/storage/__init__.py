"""What a dataset is written through: outputs, the journal with its recovery, the ledger, and the image codecs."""
