"""The command line: `tandem`, and `kubectl tandem`. Modules of commands import what is slow to import when they run."""
