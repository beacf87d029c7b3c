"""`edgewise assist ask`: what a text is understood as, and what is answered."""

from __future__ import annotations

import argparse
from contextlib import ExitStack

from ..console.bar import Console
from ..console.streams import report
from ..parser import Parser
from .places import add_settings_file


def declare(parser: Parser) -> None:
    """Declare the command."""
    parser.description = "Say what a text is understood as, and what is answered; nothing is done without --act."
    parser.add_argument("text", metavar="TEXT", help="words, as they are spoken")
    parser.add_argument("--act", action="store_true", help="do it too")
    add_settings_file(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, console: Console) -> int:
    """Understand, and show it."""
    from ...assist.intent import Intent, first_plan
    from .parts import Workings
    from .places import wanted_settings

    settings = wanted_settings(args)
    with ExitStack() as stack:
        workings = Workings(settings, stack, console.say)
        found = workings.sentences.intent_of(args.text)
        name, slots = found or ("", {})
        plan = first_plan(workings.skills, Intent(name, args.text, slots))
        report(f"intent: {name or 'none'}" + "".join(f"\n  {key}: {value}" for key, value in slots.items()))
        if plan is None:
            report("nobody knows what to do about it")
            return 0
        said = plan.act() if args.act else None
        if args.act or plan.is_known:
            report(f"answer: {plan.say if said is None else said}")
        else:
            report("the answer is known when it is done: --act does it")
    return 0
