"""The upstream HTTP/1.1 client: pooled, pinned, and it never takes a cut body for a whole one."""

from gateway.upstreams.fault import UpstreamFault
from gateway.upstreams.http1.body import read_most
from gateway.upstreams.http1.client import Client
from gateway.upstreams.http1.reply import Reply
from gateway.upstreams.http1.target import Target, header_lines
from gateway.upstreams.http1.tunnel import Hop

__all__ = ["Client", "Hop", "Reply", "Target", "UpstreamFault", "header_lines", "read_most"]
