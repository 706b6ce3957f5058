//! Just enough of a Rust scanner for the rules: code without comments and literals, test parts, functions. It follows
//! brackets, not grammar, which rustfmt and the compiler have already checked.

use std::ops::Range;

/// Rust source with comments and the insides of literals blanked out, so that offsets and lines stay true.
pub struct Source {
    pub code: String,
    pub literals: Vec<Literal>,
}

/// A string literal as written between its quotes.
pub struct Literal {
    pub offset: usize,
    pub text: String,
}

/// A function with a body.
pub struct Function {
    pub name: String,
    pub offset: usize,
    /// Lines from `fn` to the closing brace.
    pub lines: usize,
    /// Lines between the braces.
    pub body_lines: usize,
}

impl Source {
    /// Scans source text.
    pub fn of(text: &str) -> Self {
        let mut scanner = Scanner {
            text,
            blanked: text.as_bytes().to_vec(),
            literals: Vec::new(),
            at: 0,
        };
        while scanner.at < text.len() {
            scanner.step();
        }
        let code = String::from_utf8(scanner.blanked).expect("only whole literals and comments are blanked");
        Self {
            code,
            literals: scanner.literals,
        }
    }

    /// The code with its `#[cfg(test)]` items blanked as well.
    pub fn shipped(&self) -> String {
        if self.code.contains("#![cfg(test)]") {
            return String::new();
        }
        let mut shipped = self.code.clone().into_bytes();
        for range in self.test_items() {
            blank(&mut shipped[range]);
        }
        String::from_utf8(shipped).expect("only whole items are blanked")
    }

    /// Where the `#[cfg(test)]` items are.
    pub fn test_items(&self) -> Vec<Range<usize>> {
        const MARK: &str = "#[cfg(test)]";
        let mut items = Vec::new();
        let mut from = 0;
        while let Some(found) = self.code[from..].find(MARK) {
            let start = from + found;
            let end = item_end(&self.code, start + MARK.len());
            items.push(start..end);
            from = end;
        }
        items
    }
}

/// Every function with a body in blanked code, nested ones included.
pub fn functions(code: &str) -> Vec<Function> {
    words(code)
        .filter(|(_, word)| *word == "fn")
        .filter_map(|(offset, _)| function_at(code, offset))
        .collect()
}

/// Where the implementations of traits are: their names are the trait's choice.
pub fn trait_impls(code: &str) -> Vec<Range<usize>> {
    words(code)
        .filter(|(_, word)| *word == "impl")
        .filter_map(|(offset, _)| {
            let open = body_start(code, offset)?;
            // `for<'a>` quantifies, `for Seat` names whom the trait is implemented for.
            code[offset..open]
                .contains(" for ")
                .then(|| open..closed(code, open))
        })
        .collect()
}

/// Every identifier and keyword with its offset.
pub fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    code.split(move |character| !is_word(character))
        .filter(|word| !word.is_empty())
        .map(|word| (word.as_ptr().addr() - code.as_ptr().addr(), word))
}

/// The line of an offset, counted from 1.
pub fn line_of(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

fn function_at(code: &str, offset: usize) -> Option<Function> {
    let signature = &code[offset + "fn".len()..];
    let name = words(signature).next().map(|(_, name)| name)?;
    // `fn(u8) -> u8` is a type and `fn $name` belongs to a macro.
    if !signature.trim_start().starts_with(name) {
        return None;
    }
    let open = body_start(code, offset)?;
    let end = closed(code, open);
    Some(Function {
        name: name.to_owned(),
        offset,
        lines: code[offset..end].matches('\n').count() + 1,
        body_lines: code[open..end].matches('\n').count().saturating_sub(1),
    })
}

/// The offset of the brace that opens an item's body, unless a semicolon ends the item first.
pub fn body_start(code: &str, from: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (offset, byte) in code.bytes().enumerate().skip(from) {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            b'{' if depth == 0 => return Some(offset),
            b';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// The offset after the bracket that closes the one at `open`.
pub fn closed(code: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (offset, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return offset + 1;
                }
            }
            _ => {}
        }
    }
    code.len()
}

/// The offset after the item that starts at `from`, attributes before it included.
fn item_end(code: &str, from: usize) -> usize {
    let mut start = from;
    loop {
        let rest = code[start..].trim_start();
        start = code.len() - rest.len();
        if !rest.starts_with("#[") {
            break;
        }
        start = closed(code, start + 1);
    }
    if let Some(end) = arm_end(code, start).or_else(|| field_end(code, start)) {
        return end;
    }
    match body_start(code, start) {
        Some(open) => closed(code, open),
        None => code[start..].find(';').map_or(code.len(), |end| start + end + 1),
    }
}

/// The offset after the match arm that starts at `from`, if it is one: `=>` comes before any item could begin its body.
fn arm_end(code: &str, from: usize) -> Option<usize> {
    let arrow = from + code[from..].find("=>")?;
    if code[from..arrow].contains([';', '}']) || body_start(&code[..arrow], from).is_some() {
        return None;
    }
    list_element_end(code, arrow)
}

/// The offset after the field that starts at `from`, if it is one: a name, perhaps public, then a colon.
fn field_end(code: &str, from: usize) -> Option<usize> {
    let colon = from + code[from..].find(':')?;
    let before = code[from..colon]
        .strip_prefix("pub ")
        .unwrap_or(&code[from..colon]);
    let is_name = |character: char| character.is_alphanumeric() || character == '_';
    let is_path = code[colon..].starts_with("::");
    (!is_path && !before.is_empty() && before.chars().all(is_name)).then(|| list_element_end(code, colon))?
}

/// The offset after the comma that ends an element of a list, or of the bracket that ends the list.
fn list_element_end(code: &str, from: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (offset, byte) in code.bytes().enumerate().skip(from) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' if depth == 0 => return Some(offset),
            b')' | b']' | b'}' => depth -= 1,
            b',' if depth == 0 => return Some(offset + 1),
            _ => {}
        }
    }
    None
}

fn blank(bytes: &mut [u8]) {
    for byte in bytes.iter_mut().filter(|byte| **byte != b'\n') {
        *byte = b' ';
    }
}

struct Scanner<'a> {
    text: &'a str,
    blanked: Vec<u8>,
    literals: Vec<Literal>,
    at: usize,
}

impl Scanner<'_> {
    fn step(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        match rest {
            [b'/', b'/', ..] => self.blank_until(self.text[self.at..].find('\n').map(|end| self.at + end)),
            [b'/', b'*', ..] => self.blank_until(self.block_comment_end()),
            [b'"', ..] => self.literal(self.at + 1, "\""),
            [b'r', ..] if self.starts_raw_string() => self.raw_string(),
            [b'\'', ..] => self.quote(),
            _ => self.at += 1,
        }
    }

    fn blank_until(&mut self, end: Option<usize>) {
        let end = end.unwrap_or(self.text.len());
        blank(&mut self.blanked[self.at..end]);
        self.at = end;
    }

    fn block_comment_end(&self) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let mut depth = 0_usize;
        let mut at = self.at;
        while at + 1 < bytes.len() {
            match &bytes[at..at + 2] {
                b"/*" => depth += 1,
                b"*/" => depth -= 1,
                _ => {
                    at += 1;
                    continue;
                }
            }
            at += 2;
            if depth == 0 {
                return Some(at);
            }
        }
        None
    }

    fn starts_raw_string(&self) -> bool {
        let before = self.text[..self.at].bytes().next_back();
        let prefixed = before.is_some_and(|byte| matches!(byte, b'b' | b'c'));
        let inside_word = before.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        (prefixed || !inside_word) && self.text[self.at + 1..].trim_start_matches('#').starts_with('"')
    }

    fn raw_string(&mut self) {
        let hashes = self.text[self.at + 1..]
            .bytes()
            .take_while(|byte| *byte == b'#')
            .count();
        let closing = format!("\"{}", "#".repeat(hashes));
        self.literal(self.at + 1 + hashes + 1, &closing);
    }

    /// Takes a string literal whose inside starts at `start`.
    fn literal(&mut self, start: usize, closing: &str) {
        let raw = closing.len() > 1 || self.text.as_bytes()[self.at] == b'r';
        let mut end = start;
        while end < self.text.len() && !self.text.as_bytes()[end..].starts_with(closing.as_bytes()) {
            end += if !raw && self.text.as_bytes()[end] == b'\\' {
                2
            } else {
                1
            };
        }
        let end = end.min(self.text.len());
        self.literals.push(Literal {
            offset: self.at,
            text: self.text[start..end].to_owned(),
        });
        blank(&mut self.blanked[start..end]);
        self.at = end + closing.len();
    }

    /// Takes a character literal whole, or of a lifetime only the tick.
    fn quote(&mut self) {
        let inside = &self.text[self.at + 1..];
        let width = match inside.as_bytes().first() {
            Some(b'\\') => inside[2..].find('\'').map(|end| end + 2),
            Some(_) => inside
                .chars()
                .next()
                .map(char::len_utf8)
                .filter(|width| inside[*width..].starts_with('\'')),
            None => None,
        };
        let Some(width) = width else {
            self.at += 1;
            return;
        };
        blank(&mut self.blanked[self.at + 1..self.at + 1 + width]);
        self.at += width + 2;
    }
}

#[track_caller]
fn check_code(text: &str, expected: &str) {
    assert_eq!(Source::of(text).code, expected);
}

#[test]
fn comments_and_literals_are_blanked_and_lifetimes_are_not() {
    check_code("a // {\nb", "a     \nb");
    check_code("a /* { /* } */ { */ b", "a                   b");
    check_code(r#"f("{\"}")"#, r#"f("    ")"#);
    check_code(r###"f(r#"{"}"#, br"\")"###, r###"f(r#"   "#, br" ")"###);
    check_code("f('{', '\\'', '\\u{7d}', b'}')", "f(' ', '  ', '      ', b' ')");
    check_code("fn f<'a>(x: &'a str) {}", "fn f<'a>(x: &'a str) {}");
    check_code("for_r\"{\"", "for_r\" \"");
}

#[test]
fn literals_are_kept_as_written() {
    let source = Source::of("let a = \"one\\n\";\nlet b = r#\"two\"#;");
    let texts: Vec<&str> = source
        .literals
        .iter()
        .map(|literal| literal.text.as_str())
        .collect();
    assert_eq!(texts, ["one\\n", "two"]);
    assert_eq!(line_of(&source.code, source.literals[1].offset), 2);
}

#[test]
fn test_items_are_not_shipped() {
    let text = "fn a() {}\n#[cfg(test)]\n#[path = \"x.rs\"]\nmod tests;\nfn b() {}\n#[cfg(test)]\nmod more {\n fn c() {}\n}\nfn d() {}";
    let shipped = Source::of(text).shipped();
    let names: Vec<String> = functions(&shipped)
        .into_iter()
        .map(|function| function.name)
        .collect();
    assert_eq!(names, ["a", "b", "d"]);
    assert_eq!(
        line_of(&shipped, shipped.find("fn d").expect("d is shipped")),
        10,
        "lines stay true"
    );
}

#[test]
fn a_match_arm_of_tests_ends_with_itself() {
    let text = "fn a() {\n match b {\n C(x) => 1,\n #[cfg(test)]\n D(x) => f(x, |y| { y }),\n E => 2,\n }\n}\nfn g() {}";
    let shipped = Source::of(text).shipped();
    assert!(
        shipped.contains("E => 2") && !shipped.contains("D(x)"),
        "{shipped}"
    );
    let sizes: Vec<usize> = functions(&shipped)
        .iter()
        .map(|function| function.lines)
        .collect();
    assert_eq!(sizes, [8, 1]);
}

#[test]
fn a_field_of_tests_ends_with_itself() {
    let text = "struct S {\n a: u8,\n #[cfg(test)]\n pub b: Option<u8>,\n}\nfn f() -> S {\n S {\n #[cfg(test)]\n b: g(1, 2),\n a: 3,\n }\n}\nfn h() {}";
    let shipped = Source::of(text).shipped();
    assert!(shipped.contains("a: 3") && !shipped.contains("b:"), "{shipped}");
    let sizes: Vec<usize> = functions(&shipped)
        .iter()
        .map(|function| function.lines)
        .collect();
    assert_eq!(sizes, [7, 1]);
}

#[test]
fn functions_are_measured_from_their_first_to_their_last_line() {
    let text = "trait T { fn none(x: [u8; 2]); }\nfn two(\n  f: fn(u8) -> [u8; 3],\n) -> u8\nwhere\n  u8: Copy,\n{\n  if a { b } else { c }\n  \"}\";\n}\n";
    let found = functions(&Source::of(text).code);
    let [two] = found.as_slice() else {
        panic!("one function has a body, found {}", found.len())
    };
    assert_eq!((two.name.as_str(), two.lines, two.body_lines), ("two", 9, 2));
}
