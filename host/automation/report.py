"""What one run of a playbook did, one JSON object a line: start, task, result, end.

Without the line `end` a report is not whole. What a task hides (`no_log`) is hidden here, values are shown of a
check only, and each text is cut to a size, saying so. Follows Ansible's interface for callback plugins.
"""

import json
import os

from ansible.plugins.callback import CallbackBase
from ansible.release import __version__

DOCUMENTATION = """
    name: holdfast_report
    type: stdout
    short_description: one JSON object a line
    description:
        - What a check found or an apply did, for a program to read.
"""

TEXT_CHARS = 32768
DIFFS = 50
MESSAGE_CHARS = 500
NAME_CHARS = 200


def text_of(value):
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, sort_keys=True, default=str)
    except (TypeError, ValueError):
        return str(value)


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "holdfast_report"

    def __init__(self):
        super().__init__()
        self.check = False
        self.root = os.environ.get("HOLDFAST_ROOT", "") + "/"
        self.seen = set()

    def say(self, **line):
        self._display.display(json.dumps(line, sort_keys=True, ensure_ascii=True, default=str))

    def v2_playbook_on_start(self, playbook):
        from ansible import context

        self.check = bool(context.CLIARGS.get("check"))
        self.say(event="start", version=1, ansible=__version__, check=self.check)

    def note(self, task):
        if task._uuid in self.seen:
            return
        self.seen.add(task._uuid)
        place = str(task.get_path() or "")
        if place.startswith(self.root):
            place = place[len(self.root):]
        name = "(hidden)" if task.no_log is True else str(task.get_name())
        self.say(
            event="task",
            id=task._uuid,
            name=name[:NAME_CHARS],
            at=place[-NAME_CHARS:],
            module=str(task.action)[:NAME_CHARS],
        )

    def v2_playbook_on_task_start(self, task, is_conditional):
        self.note(task)

    def v2_playbook_on_handler_task_start(self, task):
        self.note(task)

    def v2_playbook_on_cleanup_task_start(self, task):
        self.note(task)

    def diffs_of(self, found):
        cut = False
        diffs = []
        for each in self.raw_diffs(found):
            if not isinstance(each, dict) or not ("before" in each or "after" in each):
                cut = cut or bool(each)
                continue
            if len(diffs) == DIFFS:
                return diffs, True
            one = {"title": text_of(each.get("before_header") or each.get("after_header") or "")[:NAME_CHARS]}
            for side in ("before", "after"):
                value = each.get(side, "")
                if isinstance(value, dict):
                    one[side] = {
                        str(key)[:NAME_CHARS]: text_of(inner)[:TEXT_CHARS]
                        for key, inner in list(value.items())[:DIFFS]
                    }
                    cut = cut or len(value) > DIFFS
                    cut = cut or any(len(text_of(inner)) > TEXT_CHARS for inner in value.values())
                else:
                    whole = text_of(value)
                    one[side] = whole[:TEXT_CHARS]
                    cut = cut or len(whole) > TEXT_CHARS
            diffs.append(one)
        return diffs, cut

    def raw_diffs(self, found):
        each = found.get("diff")
        if each is not None:
            yield from each if isinstance(each, list) else [each]
        for item in found.get("results") or []:
            if isinstance(item, dict) and not item.get("censored") and not item.get("_ansible_no_log"):
                inner = item.get("diff")
                if inner is not None:
                    yield from inner if isinstance(inner, list) else [inner]

    def tell(self, result, state):
        task = result._task
        self.note(task)
        found = result._result if isinstance(result._result, dict) else {}
        hidden = task.no_log is True or bool(found.get("censored"))
        line = {"event": "result", "id": task._uuid, "host": result._host.get_name(), "state": state, "hidden": hidden}
        if not hidden and self.check:
            line["diff"], line["cut"] = self.diffs_of(found)
        if not hidden and state in ("failed", "ignored", "unreachable"):
            line["message"] = text_of(found.get("msg", ""))[:MESSAGE_CHARS]
        self.say(**line)

    def v2_runner_on_ok(self, result):
        self.tell(result, "changed" if result.is_changed() else "ok")

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self.tell(result, "ignored" if ignore_errors else "failed")

    def v2_runner_on_skipped(self, result):
        self.tell(result, "skipped")

    def v2_runner_on_unreachable(self, result):
        self.tell(result, "unreachable")

    def v2_playbook_on_stats(self, stats):
        self.say(event="end", stats={host: stats.summarize(host) for host in sorted(stats.processed)})
