"""Prints what Python's zoneinfo says of time zones, for test/schema/zones.test.ts to compare with.

python3 test/schema/zones/table.py FROM_YEAR TO_YEAR [ZONE ...]; without zones, all that it knows.
One line of JSON for each zone: `offsets` are [moment, offset] in seconds around each change of the offset, and at each month's
begin; `open` are [moment, digits]: from 26 hours before a change, each digit says whether the windows of the test are open a
quarter of an hour later.
"""
import json
import sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo, available_timezones

STEP = 900
# As in the test: (days from Monday, from, to) in minutes.
WINDOWS = [({0, 1, 2, 3, 4}, 8 * 60, 18 * 60), ({5, 6}, 60 + 30, 2 * 60 + 45), ({6}, 22 * 60, 2 * 60 + 15)]


def wall(zone, at):
    return datetime.fromtimestamp(at, zone)


def is_open(zone, at):
    now = wall(zone, at)
    day, minute = now.weekday(), now.hour * 60 + now.minute
    for days, begin, end in WINDOWS:
        if begin < end:
            if day in days and begin <= minute < end:
                return True
        elif (day in days and minute >= begin) or ((day - 1) % 7 in days and minute < end):
            return True
    return False


def offset(zone, at):
    return int(wall(zone, at).utcoffset() / timedelta(seconds=1))


def changes(zone, begin, end):
    at = begin
    while at < end:
        if offset(zone, at) != offset(zone, at + 86400):
            low, high = at, at + 86400
            while high - low > 1:
                middle = (low + high) // 2
                if offset(zone, middle) == offset(zone, at):
                    low = middle
                else:
                    high = middle
            yield high
        at += 86400


def main():
    first, last, *names = sys.argv[1:]
    begin = int(datetime(int(first), 1, 1, tzinfo=timezone.utc).timestamp())
    end = int(datetime(int(last) + 1, 1, 1, tzinfo=timezone.utc).timestamp())
    # Two entries of a system's folder are no zones.
    for name in names or sorted(available_timezones() - {"Factory", "localtime"}):
        zone = ZoneInfo(name)
        moments = list(range(begin, end, 30 * 86400))
        opens = []
        for change in changes(zone, begin, end):
            moments += [change - 1, change]
            start = change - change % STEP - 26 * 3600
            digits = "".join("1" if is_open(zone, start + i * STEP) else "0" for i in range(52 * 4))
            opens.append([start, digits])
        print(json.dumps({"zone": name, "offsets": [[at, offset(zone, at)] for at in sorted(moments)], "open": opens}, separators=(",", ":")))


main()
