"""Read a pack and write a ranked, evidenced backlog of gaps."""
