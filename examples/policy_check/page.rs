//! Text of 80 columns, words wrapped under their column, plain: it is read in files and mails, too.

/// Columns of the output.
const WIDTH: usize = 80;

/// What is printed.
#[derive(Default)]
pub(crate) struct Page(String);

impl Page {
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// An empty line between what is there and what comes.
    pub(crate) fn gap(&mut self) {
        if !self.0.is_empty() && !self.0.ends_with("\n\n") {
            self.0.push('\n');
        }
    }

    /// A paragraph, indented by `indent` columns.
    pub(crate) fn note(&mut self, indent: usize, text: &str) {
        self.under("", indent, text);
    }

    /// `left` once, and `text` wrapped in the columns from `at` on, beside and below it. A word that is
    /// longer than a line is cut; a control character, which could drive a terminal, is replaced.
    pub(crate) fn under(&mut self, left: &str, at: usize, text: &str) {
        let text: String = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        let room = WIDTH.saturating_sub(at);
        let mut line = format!("{left:at$}");
        let mut used = 0_usize;
        for word in text.split(' ') {
            let mut word: Vec<char> = word.chars().collect();
            loop {
                let gap = usize::from(used > 0);
                if used.saturating_add(gap).saturating_add(word.len()) <= room {
                    line.extend(core::iter::repeat_n(' ', gap).chain(word.iter().copied()));
                    used = used.saturating_add(gap).saturating_add(word.len());
                    break;
                }
                if used == 0 {
                    let rest = word.split_off(room);
                    line.extend(&word);
                    word = rest;
                }
                self.line(&line);
                line = " ".repeat(at);
                used = 0;
            }
        }
        self.line(&line);
    }

    fn line(&mut self, line: &str) {
        self.0.push_str(line.trim_end());
        self.0.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_wrap_under_their_column_and_no_line_is_too_long() {
        let mut page = Page::default();
        page.under("or", 70, "one two three");
        assert_eq!(page.text(), format!("or{0}one two\n{0}  three\n", " ".repeat(68)));
        let mut page = Page::default();
        page.note(2, &format!("a {} b\x1b", "x".repeat(200)));
        assert!(page.text().lines().all(|line| line.chars().count() <= WIDTH));
        assert_eq!(page.text().matches('x').count(), 200);
        assert!(page.text().ends_with(" b\u{fffd}\n"));
    }
}
