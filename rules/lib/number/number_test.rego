package lib.number_test

import data.lib.number

awkward := [null, false, true, "50", [], [1], {}, {"a": 1}]

test_numbers_compare if {
	number.at_most(100, 100)
	number.at_most(-1, 100)
	number.at_least(0.5, 0.5)
	number.between(5, 1, 5)
	number.of(7) == 7
	not number.at_most(100.01, 100)
	not number.at_least(0, 1)
	not number.between(0, 1, 5)
	not number.between(6, 1, 5)
}

test_a_whole_number_has_no_fraction if {
	number.whole(3)
	number.whole(-3)
	not number.whole(3.5)
}

test_what_is_no_number_is_never_within_a_limit if {
	every value in awkward {
		not number.at_most(value, 100)
		not number.at_least(value, 0)
		not number.between(value, 0, 100)
		not number.whole(value)
		not number.of(value)
	}
}

test_a_limit_that_is_no_number_limits_to_nothing if {
	every limit in awkward {
		not number.at_most(5, limit)
		not number.at_least(5, limit)
	}
}
