"""What litellm says a model can do.

`max_tokens` is litellm's old name: the output's limit where it gives one, else the input's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .drafts import Plain
from .litellm_cards import whole_number
from .losses import Losses

_LIMITS = ("max_input_tokens", "max_output_tokens", "max_tokens")
_MODES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "chat": (("text",), ("text",)),
    "completion": (("text",), ("text",)),
    "responses": (("text",), ("text",)),
    "realtime": (("text", "audio"), ("text", "audio")),
    "embedding": (("text",), ("embedding",)),
    "rerank": (("text",), ("score",)),
    "moderation": (("text",), ("score",)),
    "image_generation": (("text",), ("image",)),
    "image_edit": (("text", "image"), ("image",)),
    "video_generation": (("text",), ("video",)),
    "audio_transcription": (("audio",), ("text",)),
    "audio_speech": (("text",), ("audio",)),
    "ocr": (("image", "pdf"), ("text",)),
}
_GIVES_INPUT = {
    "supports_vision": "image",
    "supports_image_input": "image",
    "supports_embedding_image_input": "image",
    "supports_audio_input": "audio",
    "supports_video_input": "video",
    "supports_pdf_input": "pdf",
}
_GIVES_OUTPUT = {"supports_audio_output": "audio"}
_RENAMED = {
    "function_calling": "tools",
    "parallel_function_calling": "parallel_tools",
    "response_schema": "json_schema",
}
_KNOWN = ("text", "image", "audio", "video", "pdf", "embedding", "score")
_FEATURE = re.compile(r"supports_([a-z][a-z0-9_]{0,63})", re.ASCII)


def is_capability(key: str) -> bool:
    """Return whether `key` says what a model can do."""
    return key in (*_LIMITS, "mode", "supported_modalities", "supported_output_modalities") or bool(
        _FEATURE.fullmatch(key)
    )


def capabilities(entry: Mapping[str, Any], path: str, losses: Losses) -> Plain:
    """Return the capabilities of `entry`; what is lost goes to `losses`."""
    found: Plain = {}
    limits = {key: _limit(entry, key, path, losses) for key in _LIMITS if key in entry}
    most_input, most_output = limits.get("max_input_tokens"), limits.get("max_output_tokens")
    if most_input is None and most_output is None:
        most_input = limits.get("max_tokens")
    if most_input:
        found["max_input"] = most_input
    if most_output:
        found["max_output"] = most_output
    mode = entry.get("mode")
    given, made = _MODES.get(mode, ((), ())) if isinstance(mode, str) else ((), ())
    if mode is not None and not given:
        losses.add("mode", f"{path}/mode", "dropped", f"`{mode}` says nothing of what goes in and out")
    takes = _modalities(entry, "supported_modalities", given, path, losses)
    gives = _modalities(entry, "supported_output_modalities", made, path, losses)
    takes += [what for key, what in _GIVES_INPUT.items() if entry.get(key) is True]
    gives += [what for key, what in _GIVES_OUTPUT.items() if entry.get(key) is True]
    if takes:
        found["input"] = [what for what in _KNOWN if what in takes]
    if gives:
        found["output"] = [what for what in _KNOWN if what in gives]
    features = []
    for key, value in entry.items():
        match = _FEATURE.fullmatch(key)
        if match and value is True and key not in _GIVES_INPUT and key not in _GIVES_OUTPUT:
            features.append(_RENAMED.get(match[1], match[1]))
    if features:
        found["features"] = sorted(set(features))
    return found


def _limit(entry: Mapping[str, Any], key: str, path: str, losses: Losses) -> int | None:
    number = whole_number(entry[key])
    if number is None or number < 1:
        losses.add(key, f"{path}/{key}", "dropped", "it is no number of tokens")
        return None
    if key == "max_tokens" and "max_output_tokens" not in entry:
        losses.add(key, f"{path}/{key}", "approximated", "taken for the limit of the input")
    elif key != "max_tokens":
        losses.add(key, f"{path}/{key}", "exact", "")
    return number


def _modalities(
    entry: Mapping[str, Any], key: str, usual: tuple[str, ...], path: str, losses: Losses
) -> list[str]:
    listed = entry.get(key)
    if not isinstance(listed, list):
        return list(usual)
    for what in listed:
        if what not in _KNOWN:
            losses.add(key, f"{path}/{key}", "dropped", f"`{what}` is no modality here")
    return [what for what in listed if what in _KNOWN]
