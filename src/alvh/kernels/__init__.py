"""The numbers: arrays in, arrays out. The one room that compiles; it imports nothing of ours."""
