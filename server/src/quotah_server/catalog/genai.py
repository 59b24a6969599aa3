"""What genai-prices calls the rates that we know under the names of our units. Data alone."""

from __future__ import annotations

UNITS = {
    "input_mtok": "input",
    "output_mtok": "output",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write",
    "cache_write_1h_mtok": "cache_write_1h",
    "input_audio_mtok": "input_audio",
    "input_image_mtok": "input_image",
    "input_video_mtok": "input_video",
    "cache_audio_read_mtok": "cache_read_audio",
    "cache_image_read_mtok": "cache_read_image",
    "output_audio_mtok": "output_audio",
    "output_image_mtok": "output_image",
    "output_video_mtok": "output_video",
    "output_reasoning_mtok": "reasoning",
    "output_citation_mtok": "citation",
    "audio_hours": "audio_second",
    "input_audio_hours": "audio_second",
    "input_mchars": "input_character",
    "input_text_messages_kcount": "input_message",
    "input_document_kpages": "page",
    "input_annotated_document_kpages": "annotated_page",
    "requests_kcount": "request",
    "web_searches_kcount": "web_search",
    "storage_searches_kcount": "file_search",
}
"""genai-prices' key of a rate → our unit. A key that is not listed stops the build of a book."""
