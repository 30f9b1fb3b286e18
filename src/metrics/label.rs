//! Values of labels: few, and none that an agent chose.

/// What [`code_class`] gives, in order.
pub(super) const CODE_CLASSES: [&str; 6] = ["1xx", "2xx", "3xx", "4xx", "5xx", "other"];

/// `method` as a label: a known method, or `_OTHER`, so that an agent cannot grow the metrics.
pub fn method_label(method: &http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "_OTHER",
    }
}

/// A status code as a class: `2xx`, `5xx`, …
pub fn code_class(status: http::StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        5 => "5xx",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::method_label;

    #[test]
    fn an_unknown_method_does_not_become_a_label() {
        assert_eq!(method_label(&http::Method::from_bytes(b"BREW").unwrap()), "_OTHER");
    }
}
