"""`demotic deliveries`: what was told to the receivers of webhooks, and how that went."""

from datetime import UTC, datetime
from pathlib import Path

import click

from demotic.cli.app import clean_errors
from demotic.cli.options import config_option, data_dir_option
from demotic.cli.serving import EXAMPLE, Plan, choose_config
from demotic.domain.deliveries import Delivery, DeliveryQuery, DeliveryState

DATABASE = "demotic.db"
COLOURS = {
    DeliveryState.PENDING: "yellow",
    DeliveryState.DELIVERED: "green",
    DeliveryState.FAILED: "red",
    DeliveryState.REFUSED: "red",
}


@click.command("deliveries", short_help="List webhooks, or send one again.")
@config_option
@data_dir_option
@click.option("--run", help="Only those of this run.")
@click.option(
    "--status",
    type=click.Choice([each.value for each in DeliveryState]),
    help="Only those that stand so.",
)
@click.option("--limit", type=click.IntRange(1), default=20, help="How many.  [default: 20]")
@click.option("--redeliver", metavar="ID", help="Send this one again, however it went before.")
@clean_errors
def command(
    config: Path | None,
    data_dir: str | None,
    run: str | None,
    status: str | None,
    limit: int,
    redeliver: str | None,
) -> None:
    """List webhooks, newest first, or send one again.

    Works beside a server and without one. What is to be sent again is sent by the server, at once
    or when it starts.
    """
    _, settings = Plan(choose_config(config) or EXAMPLE, {"data_dir": data_dir}, {}).read()
    path = settings.data_dir / DATABASE
    from demotic.ports.clock import SystemClock
    from demotic.storage.sqlite import beside  # the driver is not needed for help and errors

    if redeliver:
        shown = [beside.redeliver(path, redeliver, now_us=SystemClock().now_us())]
    else:
        state = DeliveryState(status) if status else None
        query = DeliveryQuery(run_id=run, state=state, limit=limit)
        page = beside.search_deliveries(path, query)
        shown = list(page.items)
        click.echo(f"{len(shown)} of {page.total} in {path}", err=True)
    for each in shown:
        click.echo(line_of(each))


def line_of(delivery: Delivery) -> str:
    """One delivery. What follows the path of its URL may be a secret, and is not shown."""
    state = click.style(f"{delivery.state:9}", fg=COLOURS[delivery.state])
    times = "once" if delivery.attempts == 1 else f"{delivery.attempts} times"
    url = delivery.url.partition("?")[0]
    parts = [f"run {delivery.run_id} {delivery.run_state} to {url}, tried {times}."]
    if delivery.log and delivery.log[-1].note:
        parts.append(delivery.log[-1].note)
    if delivery.due_us is not None:
        parts.append(f"Next at {moment(delivery.due_us)}.")
    return f"{moment(delivery.created_us)}  {state}  {delivery.id}  {' '.join(parts)}"


def moment(us: int) -> str:
    """A time to the second, in UTC."""
    return datetime.fromtimestamp(us // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
