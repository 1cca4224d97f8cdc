//! Records, batches, stages, edges, the ledger and the pipeline runner of tidegate.
