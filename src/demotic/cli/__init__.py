"""The command line: one module per command, and what they share."""

from demotic.cli.lean import lean

with lean():
    from demotic.cli.app import main
    from demotic.cli.bench import command as _bench
    from demotic.cli.completion import command as _completion
    from demotic.cli.deliveries import command as _deliveries
    from demotic.cli.dev import command as _dev
    from demotic.cli.doctor import command as _doctor
    from demotic.cli.new import command as _new
    from demotic.cli.serve import command as _serve
    from demotic.cli.validate import command as _validate

__all__ = ["main"]

for _each in (_bench, _completion, _deliveries, _dev, _doctor, _new, _serve, _validate):
    main.add_command(_each)
