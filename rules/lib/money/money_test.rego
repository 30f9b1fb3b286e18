package lib.money_test

import data.lib.money

limits := {"eur": 5000, "jpy": 800000}

test_an_amount_keeps_the_limit_of_its_currency if {
	money.at_most(5000, "eur", limits)
	money.at_most(5000, "EUR", limits)
	money.at_most(0, "eur", limits)
	money.at_most(700000, "jpy", limits)
	not money.at_most(5001, "eur", limits)
	not money.at_most(700000, "eur", limits)
}

test_a_currency_without_a_limit_allows_nothing if {
	not money.at_most(1, "usd", limits)
	not money.at_most(1, "", limits)
	not money.at_most(1, null, limits)
}

test_a_fraction_of_a_cent_and_a_negative_amount_are_no_amounts if {
	money.is_amount(1)
	not money.is_amount(1.5)
	not money.is_amount(-1)
	not money.at_most(-5000, "eur", limits)
	not money.at_most(0.5, "eur", limits)
}

test_what_is_no_number_is_no_amount if {
	every value in [null, false, true, "50", "50.00", [], {}] {
		not money.is_amount(value)
		not money.at_most(value, "eur", limits)
	}
	not money.at_most(1, "eur", null)
	not money.at_most(1, "eur", {"eur": null})
	not money.at_most(1, "eur", {"eur": "5000"})
}
