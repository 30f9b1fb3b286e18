# METADATA
# title: Numbers
# description: >-
#   Comparisons of values that an agent sent. Rego orders any two values by type first, so a bare
#   `amount <= 100` holds for null; none of these ever holds for what is no number.
package lib.number

# METADATA
# title: The value, if it is a number
of(value) := value if is_number(value)

# METADATA
# title: A number without a fraction
whole(value) if {
	is_number(value)
	value == floor(value)
}

# METADATA
# title: A number no greater than the limit
at_most(value, limit) if {
	is_number(value)
	is_number(limit)
	value <= limit
}

# METADATA
# title: A number no smaller than the limit
at_least(value, limit) if {
	is_number(value)
	is_number(limit)
	value >= limit
}

# METADATA
# title: A number from the first limit to the second, both included
between(value, low, high) if {
	at_least(value, low)
	at_most(value, high)
}
