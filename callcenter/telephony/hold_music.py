"""Music for those who wait: composed here, so that it is ours to play and no file has to be kept."""

import io
import math
import struct
import wave
from functools import cache

_RATE = 8000  # what the telephone network carries
_CHORD_FOR = 5.0  # seconds
# Four slow chords (Hz), soft and without a beat: A major, F sharp minor, D major, E major.
_CHORDS = ((220.0, 277.18, 329.63), (185.0, 220.0, 277.18), (146.83, 220.0, 293.66), (164.81, 246.94, 329.63))


@cache
def hold_music_wav() -> bytes:
    """Twenty seconds, 8 kHz, 16 bits, one channel, that join without a break."""
    samples = bytearray()
    for chord in _CHORDS:
        count = int(_RATE * _CHORD_FOR)
        for index in range(count):
            # Each chord swells and fades to silence, so neither a change nor the repeat clicks.
            swell = math.sin(math.pi * index / count) ** 1.5
            tone = sum(math.sin(2 * math.pi * pitch * index / _RATE) for pitch in chord) / len(chord)
            samples += struct.pack("<h", int(5500 * swell * tone))
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(_RATE)
        sound.writeframes(bytes(samples))
    return file.getvalue()
