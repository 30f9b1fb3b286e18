package lib.operations_test

import data.lib.operations

get := {"kind": "read", "name": "getOrder", "fields": []}

pay := {"kind": "write", "name": "pay", "fields": []}

look := {"kind": "read", "name": "", "fields": [{"path": "orders"}, {"path": "orders.id"}]}

test_reads_only_read if {
	operations.only_reads([get])
	operations.only_reads([get, get])
}

test_one_write_spoils_the_rest if {
	not operations.only_reads([pay])
	not operations.only_reads([get, pay])
	not operations.only_reads([pay, get])
}

test_every_name_has_to_be_there if {
	operations.named([get, pay], ["pay", "getOrder"])
	not operations.named([get, pay], ["getOrder"])
	not operations.named([get], [])
}

test_every_field_has_to_be_there if {
	operations.within([look], ["orders", "orders.id", "me"])
	not operations.within([look], ["orders"])
	not operations.within([look, get], ["orders", "orders.id"])
}

test_no_operations_fit_nothing if {
	not operations.only_reads([])
	not operations.of_kinds([], ["read"])
	not operations.named([], ["pay"])
	not operations.within([], ["orders"])
}

test_what_is_no_list_fits_nothing if {
	not operations.only_reads(null)
	not operations.named("pay", ["pay"])
	not operations.only_reads([{}])
}
