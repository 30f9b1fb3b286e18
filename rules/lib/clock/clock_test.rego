package lib.clock_test

import data.lib.clock

at(weekday, hour) := {"weekday": weekday, "hour": hour, "unix": 1795461720}

test_a_window_begins_and_ends if {
	clock.within(at(1, 8), {1, 2, 3, 4, 5}, 8, 18)
	clock.within(at(5, 17), data.lib.clock.working_days, 8, 18)
	not clock.within(at(1, 7), {1}, 8, 18)
	not clock.within(at(1, 18), {1}, 8, 18)
	not clock.within(at(6, 12), data.lib.clock.working_days, 8, 18)
}

test_a_window_goes_on_past_midnight if {
	clock.in_hours(at(1, 23), 22, 6)
	clock.in_hours(at(1, 0), 22, 6)
	clock.in_hours(at(1, 5), 22, 6)
	not clock.in_hours(at(1, 6), 22, 6)
	not clock.in_hours(at(1, 12), 22, 6)
}

test_a_window_of_no_length_is_never if {
	every hour in [0, 8, 23] {
		not clock.in_hours(at(1, hour), 8, 8)
	}
}

test_a_moment_is_before_another if {
	clock.before(at(1, 0), 1795461721)
	not clock.before(at(1, 0), 1795461720)
}

test_what_is_no_time_is_never_within if {
	every value in [null, false, 5, "12", [], {}, {"hour": null, "weekday": 1}, {"hour": "12", "weekday": 1}] {
		not clock.within(value, {1}, 0, 24)
		not clock.in_hours(value, 0, 24)
		not clock.before(value, 9999999999)
	}
	not clock.in_hours(at(1, 12), null, 24)
	not clock.in_hours(at(1, 12), 0, "24")
	not clock.before(at(1, 0), null)
}
