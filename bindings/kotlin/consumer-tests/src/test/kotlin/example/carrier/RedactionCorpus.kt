package example.carrier

import dev.cpniguard.Redactor
import java.nio.file.Files
import java.nio.file.Path

/** The lines of `tests/redaction/corpus.txt`, which the Rust tests run: texts, and what must be found in them. */
object RedactionCorpus {
    /** A text; what must be found: the name of its kind, and where, in units of UTF-16. */
    class Case(val line: Int, val isSpoken: Boolean, val text: String, val wanted: List<Triple<String, Int, Int>>)

    val cases: List<Case> by lazy {
        val path = Path.of(System.getProperty("cpni.vectors")).resolve("../redaction/corpus.txt")
        var isSpoken = false
        Files.readAllLines(path).mapIndexedNotNull { at, line ->
            if (line.startsWith("## ")) isSpoken = line == "## spoken"
            val isText = line.isNotEmpty() && line != "#" && !line.startsWith("# ") && !line.startsWith("## ")
            if (isText) case(at + 1, isSpoken, unescaped(line)) else null
        }
    }

    /** The redactors that a case is for: without and with spoken digits. */
    fun <R> withRedactors(use: (Case.() -> Redactor) -> R): R = Redactor.labels().use { plain ->
        Redactor.build { spoken() }.use { spoken -> use { if (isSpoken) spoken else plain } }
    }

    private fun case(line: Int, isSpoken: Boolean, marked: String): Case {
        val text = StringBuilder()
        val wanted = ArrayList<Triple<String, Int, Int>>()
        var from = 0
        for (mark in MARK.findAll(marked)) {
            text.append(marked, from, mark.range.first)
            val start = text.length
            text.append(mark.groupValues[2])
            wanted += Triple(mark.groupValues[1], start, text.length)
            from = mark.range.last + 1
        }
        return Case(line, isSpoken, text.append(marked, from, marked.length).toString(), wanted)
    }

    private fun unescaped(line: String): String =
        CHARACTER.replace(line.replace("\\n", "\n").replace("\\r", "\r").replace("\\t", "\t")) {
            String(Character.toChars(it.groupValues[1].toInt(16)))
        }

    private val MARK = Regex("⟦([a-z_]+):([^⟧]*)⟧")
    private val CHARACTER = Regex("""\\u\{([0-9A-Fa-f]+)\}""")
}
