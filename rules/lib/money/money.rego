# METADATA
# title: Money
# description: >-
#   Amounts in minor units (cents), as payment services take them: whole numbers, not negative, with
#   their currency. An amount without its currency says nothing: 5000 is 50 EUR and 5000 JPY.
package lib.money

# METADATA
# title: A whole amount of minor units, not negative
is_amount(amount) if {
	is_number(amount)
	amount >= 0
	amount == floor(amount)
}

# METADATA
# title: No more than the limit of its own currency
# description: >-
#   `limits` is an object such as `{"eur": 5000, "usd": 6000}`, in lower case; a currency that is not
#   in it has no limit that an amount could keep.
at_most(amount, currency, limits) if {
	is_amount(amount)
	is_number(amount)
	is_string(currency)
	limit := limits[lower(currency)]
	is_number(limit)
	amount <= limit
}
