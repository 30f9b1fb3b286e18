package lib.amounts

number(value) if is_number(value)
