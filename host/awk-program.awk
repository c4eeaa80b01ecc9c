function awk_reads(v) { return no("unknown-form") }
