"""Make telemetry packs: a world, gaps planted in it as facts, and the events that they cause."""
