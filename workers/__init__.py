"""The processes that watch the clocks and deliver the notices while nobody looks."""
