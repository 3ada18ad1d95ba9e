"""What earlier versions kept, one file a version, and the proof that this version goes on with it. See README.md."""
