"""Which requests are one resident's own? Shown to whoever proves that a mail address or telephone is theirs."""
