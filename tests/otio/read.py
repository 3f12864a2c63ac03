"""Reads edit lists with OpenTimelineIO and its adapters, and prints the clips of their first track as JSON.

read.py RATE FILE...   ->   {FILE: [{"name", "record", "source", "frames", "available"}, ...]}

`record` and `source` are first frames, in the edit and in the recording; `source` is null in a gap.
"""

import json
import sys

import opentimelineio as otio


def clips(path, rate):
    arguments = {"rate": rate} if path.endswith(".edl") else {}
    timeline = otio.adapters.read_from_file(path, **arguments)
    track = timeline.video_tracks()[0]
    found = []
    for item in track:
        told = track.range_of_child(item)
        is_clip = isinstance(item, otio.schema.Clip)
        available = item.media_reference.available_range if is_clip else None
        found.append(
            {
                "name": item.name,
                "record": told.start_time.value,
                "frames": told.duration.value,
                "source": item.source_range.start_time.value if is_clip else None,
                "available": available.duration.value if available else None,
            }
        )
    return found


rate = float(sys.argv[1])
print(json.dumps({path: clips(path, rate) for path in sys.argv[2:]}))
