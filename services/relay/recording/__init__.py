"""The recorder: forwarded packets written undecoded as Matroska segments that a crash can not spoil."""
