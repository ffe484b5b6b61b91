package io.uring.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MainTest {

    @Test
    void missingCommandIsAMistake() {
        Run run = Run.uring();

        assertEquals(2, run.status());
        assertEquals("uring: Missing command\nTry 'uring --help'.\n", run.err());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "bogus                           | Unmatched argument at index 0: 'bogus'",
                "doctor x                        | Unmatched argument at index 1: 'x'",
                "doctor --xml                    | Unknown option: '--xml'",
                "serve a b                       | Unmatched argument at index 2: 'b'",
                "serve --bogus                   | Unknown option: '--bogus'",
                "serve --port                    | Missing required parameter for option '--port'",
                "serve --port 65536              | 65536 is not between 0 and 65535",
                "serve --port -1                 | -1 is not between 0 and 65535",
                "serve --port http               | 'http' is not a number",
                "serve --loops 0                 | 0 is not between 1 and 1024",
                "serve --loops 1025              | 1025 is not between 1 and 1024",
                "serve --transport epoll         | expected one of",
                "serve --tls cert.pem            | --key",
                "serve --key key.pem             | --tls",
                "serve --transport nio --required| --required needs io_uring",
            })
    void badArgumentIsOneClearLine(String arguments, String message) {
        Run run = Run.uring(arguments.strip().split(" ", -1));

        assertEquals(2, run.status(), run.err());
        assertTrue(run.err().contains(message), run.err());
        assertFalse(run.err().contains("\tat "), run.err());
        assertEquals("", run.out());
    }

    @ParameterizedTest
    @ValueSource(strings = {"--help", "help", "serve --help", "help serve", "doctor --help"})
    void helpIsNoMistake(String arguments) {
        Run run = Run.uring(arguments.split(" ", -1));

        assertEquals(0, run.status());
        assertTrue(run.out().startsWith("Usage: uring"), run.out());
        assertEquals("", run.err());
    }

    @Test
    void helpNamesTheDefaults() {
        String help = Run.uring("serve", "--help").out();

        assertTrue(help.contains("127.0.0.1"), help);
        assertTrue(help.contains("8080"), help);
        assertTrue(help.contains("uring, nio"), help);
    }

    @Test
    void versionIsPrinted() {
        Run run = Run.uring("--version");

        assertEquals(0, run.status());
        assertTrue(run.out().startsWith("uring "), run.out());
    }
}
