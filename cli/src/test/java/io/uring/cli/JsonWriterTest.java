package io.uring.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class JsonWriterTest {

    @Test
    void membersAndElementsAreSeparatedByCommas() {
        JsonWriter json = new JsonWriter().object();
        json.member("a", 1).member("b", true).member("c", "x");
        json.array("d").element("y").element("z").end();
        json.object("e").end();
        json.array("f").object().member("g", "h").end().object().end().end();

        assertEquals(
                "{\"a\":1,\"b\":true,\"c\":\"x\",\"d\":[\"y\",\"z\"],\"e\":{},"
                        + "\"f\":[{\"g\":\"h\"},{}]}",
                json.end().toString());
    }

    @Test
    void nullIsWritten() {
        JsonWriter json = new JsonWriter().object();
        json.member("text", (String) null).member("number", (Number) null);

        assertEquals("{\"text\":null,\"number\":null}", json.end().toString());
    }

    @Test
    void specialCharactersAreEscaped() {
        JsonWriter json = new JsonWriter().object();
        json.member("a\"b", "c\\d\ne\u0000f\u00e9\u2028");

        assertEquals("{\"a\\\"b\":\"c\\\\d\\u000ae\\u0000f\u00e9\u2028\"}", json.end().toString());
    }
}
