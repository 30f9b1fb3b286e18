# METADATA
# title: Time windows
# description: >-
#   Questions about `input.countersign.time`, which Countersign fills in UTC. Days are numbered from
#   Monday, 1, to Sunday, 7; an hour from 0 to 23.
package lib.clock

# METADATA
# title: One of these days, from one hour up to but without another
# description: >-
#   A window that ends before it begins goes on past midnight; its days are those on which each part
#   of it lies.
within(time, days, from, until) if {
	time.weekday in days
	in_hours(time, from, until)
}

# METADATA
# title: From one hour up to but without another, on any day
in_hours(time, from, until) if {
	hour := time.hour
	is_number(hour)
	is_number(from)
	is_number(until)
	from < until
	hour >= from
	hour < until
}

in_hours(time, from, until) if {
	hour := time.hour
	is_number(hour)
	is_number(from)
	is_number(until)
	from > until
	hour >= from
}

in_hours(time, from, until) if {
	hour := time.hour
	is_number(hour)
	is_number(from)
	is_number(until)
	from > until
	hour < until
}

# METADATA
# title: Monday to Friday
working_days := {1, 2, 3, 4, 5}

# METADATA
# title: Before this second since 1970
before(time, second) if {
	now := time.unix
	is_number(now)
	is_number(second)
	now < second
}
