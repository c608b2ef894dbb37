"""Read and write packs and reports: strict, streamed, canonical, and whole or not at all."""
