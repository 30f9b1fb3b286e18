//! Rego's syntax tree, as far as the gate looks at it.
//!
//! The engine parses and hands its tree over as JSON; these are the shapes of that JSON. Nothing
//! here evaluates anything.

use serde::Deserialize;

/// One file, parsed.
#[derive(Debug, Deserialize)]
pub(super) struct Module {
    pub(super) package: Package,
    pub(super) imports: Vec<Import>,
    #[serde(rename = "rules")]
    pub(super) rules: Vec<Rule>,
}

/// `package a.b`
#[derive(Debug, Deserialize)]
pub(super) struct Package {
    pub(super) refr: Expr,
}

/// `import data.a.b as c`
#[derive(Debug, Deserialize)]
pub(super) struct Import {
    pub(super) refr: Expr,
    #[serde(rename = "as", default)]
    pub(super) alias: Option<Span>,
}

/// Where something stands in its file; lines count from one, bytes from zero.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
pub(super) struct Span {
    pub(super) line: u32,
    pub(super) col: u32,
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Span {
    /// The text it covers.
    pub(super) fn text(self, source: &str) -> &str {
        let start = usize::try_from(self.start).unwrap_or(usize::MAX);
        let end = usize::try_from(self.end).unwrap_or(usize::MAX);
        source.get(start..end).unwrap_or_default()
    }
}

/// One rule: a head with its bodies, or a default.
#[derive(Debug, Deserialize)]
pub(super) enum Rule {
    Spec { span: Span, head: Head, bodies: Vec<Body> },
    Default { span: Span, refr: Expr, args: Vec<Expr>, value: Expr },
}

impl Rule {
    pub(super) fn span(&self) -> Span {
        match self {
            Self::Spec { span, .. } | Self::Default { span, .. } => *span,
        }
    }

    /// What the rule defines: `allow`, `q[x]`, `f`.
    pub(super) fn name(&self) -> &Expr {
        match self {
            Self::Default { refr, .. } => refr,
            Self::Spec { head, .. } => match head {
                Head::Compr { refr, .. } | Head::Set { refr, .. } | Head::Func { refr, .. } => refr,
            },
        }
    }
}

/// The head of a rule.
#[derive(Debug, Deserialize)]
pub(super) enum Head {
    Compr { refr: Expr, assign: Option<Assign> },
    Set { refr: Expr, key: Option<Expr> },
    Func { refr: Expr, args: Vec<Expr>, assign: Option<Assign> },
}

/// `:= value`
#[derive(Debug, Deserialize)]
pub(super) struct Assign {
    pub(super) value: Expr,
}

/// One body, with its own value where it is an `else`.
#[derive(Debug, Deserialize)]
pub(super) struct Body {
    pub(super) assign: Option<Assign>,
    pub(super) query: Query,
}

/// Statements that must all hold.
#[derive(Debug, Deserialize)]
pub(super) struct Query {
    pub(super) stmts: Vec<Statement>,
}

/// One statement.
#[derive(Debug, Deserialize)]
pub(super) struct Statement {
    pub(super) span: Span,
    pub(super) literal: Literal,
    #[serde(default)]
    pub(super) with_mods: Vec<With>,
}

/// `with target as value`
#[derive(Debug, Deserialize)]
pub(super) struct With {
    pub(super) refr: Expr,
    #[serde(rename = "as")]
    pub(super) value: Expr,
}

/// The kinds of statement.
#[derive(Debug, Deserialize)]
pub(super) enum Literal {
    Every { key: Option<Span>, value: Span, domain: Expr, query: Query },
    Expr { expr: Expr },
    NotExpr { expr: Expr },
    SomeIn { key: Option<Expr>, value: Expr, collection: Expr },
    SomeVars {},
}

/// The kinds of expression.
#[derive(Debug, Deserialize)]
pub(super) enum Expr {
    #[serde(rename = "ArithExpr")]
    Arith {
        span: Span,
        op: ArithOp,
        lhs: Box<Expr>,
        rhs: Box<Expr>,
    },
    Array {
        span: Span,
        items: Vec<Expr>,
    },
    ArrayCompr {
        span: Span,
        term: Box<Expr>,
        query: Query,
    },
    #[serde(rename = "AssignExpr")]
    Assignment {
        span: Span,
        op: AssignOp,
        lhs: Box<Expr>,
        rhs: Box<Expr>,
    },
    #[serde(rename = "BinExpr")]
    SetOperation {
        span: Span,
        lhs: Box<Expr>,
        rhs: Box<Expr>,
    },
    Bool {
        span: Span,
    },
    #[serde(rename = "BoolExpr")]
    Comparison {
        span: Span,
        op: BoolOp,
        lhs: Box<Expr>,
        rhs: Box<Expr>,
    },
    Call {
        span: Span,
        fcn: Box<Expr>,
        params: Vec<Expr>,
    },
    Membership {
        span: Span,
        key: Option<Box<Expr>>,
        value: Box<Expr>,
        collection: Box<Expr>,
    },
    Null {
        span: Span,
    },
    Number {
        span: Span,
        value: serde_json::Value,
    },
    Object {
        span: Span,
        fields: Vec<(Span, Expr, Expr)>,
    },
    ObjectCompr {
        span: Span,
        key: Box<Expr>,
        value: Box<Expr>,
        query: Query,
    },
    RawString {
        span: Span,
        value: String,
    },
    RefBrack {
        span: Span,
        refr: Box<Expr>,
        index: Box<Expr>,
    },
    RefDot {
        span: Span,
        refr: Box<Expr>,
        field: (Span, String),
    },
    Set {
        span: Span,
        items: Vec<Expr>,
    },
    SetCompr {
        span: Span,
        term: Box<Expr>,
        query: Query,
    },
    String {
        span: Span,
        value: String,
    },
    #[serde(rename = "UnaryExpr")]
    Minus {
        span: Span,
        expr: Box<Expr>,
    },
    Var {
        span: Span,
        value: String,
    },
}

/// `+ - * / %`
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
pub(super) enum ArithOp {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
}

/// `< <= == >= > !=`
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
pub(super) enum BoolOp {
    Lt,
    Le,
    Eq,
    Ge,
    Gt,
    Ne,
}

/// `=` and `:=`
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
pub(super) enum AssignOp {
    ColEq,
    Eq,
}

/// One step of a reference below its root.
#[derive(Debug)]
pub(super) enum Step<'a> {
    /// `.name` or `["name"]`
    Key(&'a str),
    /// `[anything else]`
    Index(&'a Expr),
}

impl Expr {
    pub(super) fn span(&self) -> Span {
        match self {
            Self::Arith { span, .. }
            | Self::Array { span, .. }
            | Self::ArrayCompr { span, .. }
            | Self::Assignment { span, .. }
            | Self::SetOperation { span, .. }
            | Self::Bool { span, .. }
            | Self::Comparison { span, .. }
            | Self::Call { span, .. }
            | Self::Membership { span, .. }
            | Self::Null { span }
            | Self::Number { span, .. }
            | Self::Object { span, .. }
            | Self::ObjectCompr { span, .. }
            | Self::RawString { span, .. }
            | Self::RefBrack { span, .. }
            | Self::RefDot { span, .. }
            | Self::Set { span, .. }
            | Self::SetCompr { span, .. }
            | Self::String { span, .. }
            | Self::Minus { span, .. }
            | Self::Var { span, .. } => *span,
        }
    }

    /// A reference taken apart: its root and the steps below it. Any expression is at least a
    /// root without steps.
    pub(super) fn reference(&self) -> (&Self, Vec<Step<'_>>) {
        let mut steps = Vec::new();
        let mut root = self;
        loop {
            match root {
                Self::RefDot { refr, field, .. } => {
                    steps.push(Step::Key(&field.1));
                    root = refr;
                }
                Self::RefBrack { refr, index, .. } => {
                    steps.push(match index.as_ref() {
                        Self::String { value, .. } | Self::RawString { value, .. } => {
                            Step::Key(value)
                        }
                        other => Step::Index(other),
                    });
                    root = refr;
                }
                _ => break,
            }
        }
        steps.reverse();
        (root, steps)
    }

    /// The name, if this is one.
    pub(super) fn variable(&self) -> Option<&str> {
        match self {
            Self::Var { value, .. } => Some(value),
            _ => None,
        }
    }

    /// Whether the value is written out in full: a scalar, or a container of such.
    pub(super) fn is_constant(&self) -> bool {
        match self {
            Self::Bool { .. }
            | Self::Null { .. }
            | Self::Number { .. }
            | Self::RawString { .. }
            | Self::String { .. } => true,
            Self::Array { items, .. } | Self::Set { items, .. } => {
                items.iter().all(Self::is_constant)
            }
            Self::Object { fields, .. } => {
                fields.iter().all(|(_, key, value)| key.is_constant() && value.is_constant())
            }
            Self::Minus { expr, .. } => matches!(expr.as_ref(), Self::Number { .. }),
            _ => false,
        }
    }
}
