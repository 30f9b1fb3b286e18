# METADATA
# title: Text
# description: Questions about text that an agent sent. None of them ever holds for what is no text.
package lib.text

# METADATA
# title: The value, if it is text
of(value) := value if is_string(value)

# METADATA
# title: Text with at least one character that is no white space
filled(value) if {
	is_string(value)
	trim_space(value) != ""
}

# METADATA
# title: Text that begins so
begins(value, start) if {
	is_string(value)
	is_string(start)
	startswith(value, start)
}

# METADATA
# title: Text that ends so
ends(value, end) if {
	is_string(value)
	is_string(end)
	endswith(value, end)
}

# METADATA
# title: Text that holds another
holds(value, part) if {
	is_string(value)
	is_string(part)
	contains(value, part)
}

# METADATA
# title: The same text, whatever the case of its letters
same(value, other) if {
	is_string(value)
	is_string(other)
	lower(value) == lower(other)
}

# METADATA
# title: Text of so many characters at most
at_most(value, limit) if {
	is_string(value)
	is_number(limit)
	count(split(value, "")) <= limit
}

# METADATA
# title: Digits alone, as forms and queries carry whole numbers; no sign, and no zero before others
is_digits(value) if {
	is_string(value)
	value != ""
	every character in split(value, "") {
		character in {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}
	}
	not startswith(value, "0")
}

is_digits(value) if value == "0"

# METADATA
# title: A number in digits, no greater than another in digits
digits_at_most(value, limit) if {
	is_digits(value)
	is_digits(limit)
	is_string(value)
	is_string(limit)
	count(split(value, "")) < count(split(limit, ""))
}

digits_at_most(value, limit) if {
	is_digits(value)
	is_digits(limit)
	is_string(value)
	is_string(limit)
	count(split(value, "")) == count(split(limit, ""))
	value <= limit
}
