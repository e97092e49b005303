"""Blocks: consecutive bars as few bytes, exactly; see `docs/decisions/0020-prices-in-blocks.md`."""

from .block import Block, read_block, written_block

__all__ = ["Block", "read_block", "written_block"]
