function sed_reads(v) { return no("unknown-form") }
