package io.uring.cli;

import org.jspecify.annotations.Nullable;

/**
 * Writes JSON, compactly and in order.
 *
 * <pre>{@code
 * new JsonWriter().object().member("port", 8080).array("names").element("a").end().end().toString()
 * // {"port":8080,"names":["a"]}
 * }</pre>
 */
final class JsonWriter {

    private static final int DEPTH_MAX = 16;

    private final StringBuilder text = new StringBuilder();
    private final char[] closers = new char[DEPTH_MAX];
    private int depth;
    private boolean commaDue;

    JsonWriter() {}

    /** Opens an object, at the top or as an element. */
    JsonWriter object() {
        return open('{', '}');
    }

    JsonWriter object(String name) {
        return name(name).open('{', '}');
    }

    JsonWriter array(String name) {
        return name(name).open('[', ']');
    }

    /** Closes the innermost object or array. */
    JsonWriter end() {
        text.append(closers[--depth]);
        commaDue = true;
        return this;
    }

    JsonWriter member(String name, @Nullable String value) {
        return name(name).element(value);
    }

    JsonWriter member(String name, @Nullable Number value) {
        return name(name).raw(String.valueOf(value));
    }

    JsonWriter member(String name, boolean value) {
        return name(name).raw(Boolean.toString(value));
    }

    JsonWriter element(@Nullable String value) {
        if (value == null) {
            return raw("null");
        }
        comma();
        quote(value);
        commaDue = true;
        return this;
    }

    @Override
    public String toString() {
        assert depth == 0 : "not all ended";
        return text.toString();
    }

    private JsonWriter open(char opener, char closer) {
        comma();
        text.append(opener);
        closers[depth++] = closer;
        commaDue = false;
        return this;
    }

    private JsonWriter name(String name) {
        comma();
        quote(name);
        text.append(':');
        commaDue = false;
        return this;
    }

    private JsonWriter raw(String value) {
        comma();
        text.append(value);
        commaDue = true;
        return this;
    }

    private void comma() {
        if (commaDue) {
            text.append(',');
        }
    }

    private void quote(String value) {
        text.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '"' || c == '\\') {
                text.append('\\').append(c);
            } else if (c < ' ') {
                text.append("\\u%04x".formatted((int) c));
            } else {
                text.append(c);
            }
        }
        text.append('"');
    }
}
