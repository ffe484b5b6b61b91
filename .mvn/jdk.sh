# Sourced by mvnw and by ./uring: finds a JDK 25 and exports JAVA_HOME, or says what to install and
# exits. Order: JAVA_HOME, JAVA_HOME_25_X64 (set on hosted runners), /usr/lib/jvm, SDKMAN, ~/.jdks,
# the java on the PATH. A JAVA_HOME of another version is passed over, not an error.
#
# jdk_tool names the program that must be there: javac unless the caller only wants to run (java).

jdk_is_25() {
  [ -n "$1" ] && [ -x "$1/bin/${jdk_tool:-javac}" ] && [ -r "$1/release" ] &&
    grep -Eq '^JAVA_VERSION="25([".+-]|$)' "$1/release"
}

jdk_find() {
  # mvnw runs with globbing off; this function runs in a subshell, so turning it on stays here.
  set +f
  for jdk_home in "${JAVA_HOME-}" "${JAVA_HOME_25_X64-}" /usr/lib/jvm/*25* \
    "${SDKMAN_DIR:-${HOME-}/.sdkman}"/candidates/java/25* "${HOME-}"/.jdks/*25*; do
    if jdk_is_25 "$jdk_home"; then
      printf '%s\n' "$jdk_home"
      return
    fi
  done
  jdk_home="$(readlink -f "$(command -v java || :)" 2>/dev/null || :)"
  jdk_home="${jdk_home%/bin/java}"
  if jdk_is_25 "$jdk_home"; then printf '%s\n' "$jdk_home"; fi
}

JAVA_HOME="$(jdk_find)"
if [ -z "$JAVA_HOME" ]; then
  cat >&2 <<'MESSAGE'
uring needs a JDK 25, and none was found.
Looked at: JAVA_HOME, JAVA_HOME_25_X64, /usr/lib/jvm/*25*, SDKMAN, ~/.jdks, the java on the PATH.
Install one of:
  Debian, Ubuntu   apt-get install openjdk-25-jdk-headless   (where the release has it)
  any Linux        https://adoptium.net/temurin/releases/?version=25, then set JAVA_HOME
  SDKMAN           sdk install java 25-tem
MESSAGE
  exit 1
fi
export JAVA_HOME
