// Eighty columns of plain text: no colour, so that a pipe and a terminal get the same.

import CpniGuard

enum Screen {
    static let width = 80
    private static let fieldAt = 8
    private static let textAt = 36

    static func title(_ time: String, _ text: String) {
        print()
        paragraph(text, first: " " + time + "  ", at: fieldAt)
    }

    static func line(_ text: String) {
        paragraph(text, first: "", at: fieldAt)
    }

    static func field(_ name: String, _ state: String, _ text: String) {
        let first = pad(pad("", fieldAt) + pad(name, 14) + state, textAt)
        paragraph(text, first: first, at: textAt)
    }

    static func more(_ text: String) {
        paragraph(text, first: "", at: textAt)
    }

    /// Words, wrapped under column `at`; what is as wide as a line stands alone.
    private static func paragraph(_ text: String, first: String, at: Int) {
        var line = pad(first, at)
        var isEmpty = true
        for word in text.split(separator: " ") {
            if !isEmpty && line.count + 1 + word.count > width {
                print(trimmed(line))
                line = pad("", at)
                isEmpty = true
            }
            line += (isEmpty ? "" : " ") + word
            isEmpty = false
        }
        print(trimmed(line))
    }

    private static func trimmed(_ line: String) -> String {
        String(line.reversed().drop { $0 == " " }.reversed())
    }

    private static func pad(_ text: String, _ columns: Int) -> String {
        text + String(repeating: " ", count: max(0, columns - text.count))
    }
}
