//! Rules over operations: the fast engine takes them, and both engines read them alike.

use std::sync::Arc;

use proptest::prelude::{ProptestConfig, Strategy, proptest};
use proptest::sample::select;
use serde_json::{Value, json};

use crate::policy::engine::answer::read;
use crate::policy::tests::{input, load};

/// As an operator would write them, one bundle each.
const RULES: [&str; 4] = [
    "default decision := false

decision if {
	every operation in input.countersign.request.operations {
		operation.kind == \"read\"
	}
}",
    "default decision := false

decision if {
	every operation in input.countersign.request.operations {
		every field in operation.fields {
			small(field)
		}
	}
}

small(field) if field.path != \"pay\"

small(field) if {
	field.path == \"pay\"
	amount := field.arguments.amount
	is_number(amount)
	amount <= 100
}",
    "decision := {\"allowed\": count(writes) == 0}

writes contains operation.name if {
	some operation in input.countersign.request.operations
	operation.kind != \"read\"
}",
    "default decision := false

decision if {
	every operation in input.countersign.request.operations {
		startswith(operation.name, \"get\")
		count(operation.fields) < 3
	}
}",
];

fn operations() -> impl Strategy<Value = Value> {
    let amount = select(vec![json!(7), json!(101), json!("7"), Value::Null]);
    let path = select(vec!["pay", "me", "pay.id"]);
    let field = (path, amount)
        .prop_map(|(path, amount)| json!({"path": path, "arguments": {"amount": amount}}));
    let fields = proptest::collection::vec(field, 0..4);
    let operation = (select(vec!["read", "write"]), select(vec!["getOrder", "pay", ""]), fields);
    let operation = operation
        .prop_map(|(kind, name, fields)| json!({"kind": kind, "name": name, "fields": fields}));
    proptest::collection::vec(operation, 1..4)
        .prop_map(|list| json!({"countersign": {"request": {"operations": list}}}))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn rules_over_operations_are_fast_and_mean_the_same(inputs in proptest::collection::vec(operations(), 16)) {
        for rules in RULES {
            let bundle = Arc::new(load(rules).unwrap());
            assert!(!bundle.is_interpreted(), "{:?}", bundle.differences());
            let (mut machine, mut interpreter) = (bundle.machine().unwrap(), bundle.interpreter());
            for one in &inputs {
                let document = input(&one.to_string());
                let slow = bundle.interpret(&mut interpreter, &document);
                let fast = machine.evaluate(document).and_then(|said| read(&said));
                assert_eq!(slow.unwrap(), fast.unwrap(), "{one}");
            }
        }
    }
}

#[test]
fn what_may_be_anything_still_needs_a_guard() {
    for rule in [
        "decision if { some o in input.countersign.request.operations; startswith(o.arguments, \"a\") }",
        "decision if { some o in input.countersign.request.operations; some f in o.fields; \
         startswith(f.arguments.name, \"a\") }",
        "decision if { some o in input.countersign.request.operations; o.arguments.amount <= 7 }",
        "n contains v if { some o in input.countersign.request.operations; v := o.arguments.x }\n\
         decision if count(n) > 0",
    ] {
        assert!(load(rule).unwrap().is_interpreted(), "{rule}");
    }
}
