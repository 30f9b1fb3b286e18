# METADATA
# title: Forms and queries
# description: >-
#   Questions about one name in a form (`input.parsed_body`, where the route inspects forms) or in
#   `input.parsed_query`. Both have the list of a name's values, and servers differ in which of several
#   they take, so these hold for exactly one value only.
package lib.form

import data.lib.text

# METADATA
# title: The name is there once, with this value
is(form, name, wanted) if {
	values := form[name]
	is_array(values)
	count(values) == 1
	values[0] == wanted
}

# METADATA
# title: The name is there once, with one of these values
among(form, name, wanted) if {
	values := form[name]
	is_array(values)
	count(values) == 1
	values[0] in wanted
}

# METADATA
# title: The name is there once, and not empty
filled(form, name) if {
	values := form[name]
	is_array(values)
	count(values) == 1
	text.filled(values[0])
}

# METADATA
# title: The name is there once, with a number in digits no greater than the limit, also in digits
digits_at_most(form, name, limit) if {
	values := form[name]
	is_array(values)
	count(values) == 1
	text.digits_at_most(values[0], limit)
}

# METADATA
# title: The form has no names but these
names_among(form, names) if {
	is_object(form)
	every name, _ in form {
		name in names
	}
}
