# METADATA
# title: Operations
# description: >-
#   Questions about everything that a request asks for. A request is sent whole or not at all, so
#   each answer is about all of its operations: one that does not fit spoils the rest. A list
#   without operations fits nothing.
package lib.operations

# METADATA
# title: Every operation only reads
only_reads(operations) if of_kinds(operations, ["read"])

# METADATA
# title: Every operation is of one of these kinds
of_kinds(operations, kinds) if {
	is_array(operations)
	count(operations) > 0
	every operation in operations {
		operation.kind in kinds
	}
}

# METADATA
# title: Every operation has one of these names
named(operations, names) if {
	is_array(operations)
	count(operations) > 0
	every operation in operations {
		operation.name in names
	}
}

# METADATA
# title: Every GraphQL operation touches these fields at most
# description: Fields are paths of real names, such as `orders.id`; aliases and fragments hide none.
within(operations, fields) if {
	is_array(operations)
	count(operations) > 0
	every operation in operations {
		fields_of := operation.fields
		is_array(fields_of)
		count(fields_of) > 0
		every field in fields_of {
			field.path in fields
		}
	}
}
