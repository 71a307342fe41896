"""What `demotic new` writes: a project to start from, complete as it lies here."""
