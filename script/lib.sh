# SPDX-License-Identifier: BSD-2-Clause
# What script/test and script/demo share: packages and builds.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

BUILD_PACKAGES="cmake ninja-build gcc libc6-dev pkg-config libev-dev libssl-dev
	libsqlite3-dev libjansson-dev libunbound-dev libgmime-3.0-dev
	libxml2-dev libpcre2-dev libpsl-dev libidn2-dev libcrypt-dev uthash-dev"
DEMO_PACKAGES="openssl python3 swaks libnet-ssleay-perl libio-socket-ssl-perl"
TEST_PACKAGES="clang clang-format clang-tidy cppcheck libclang-rt-dev
	libcmocka-dev python3-pytest nsd git procps
	nodejs node-nodemailer libphp-phpmailer php-cli msmtp curl s-nail
	exim4-daemon-light"

say() {
	printf '%s\n' "$*"
}

# Installs those of the named packages that are missing.
install_packages() {
	local missing="" name
	for name in "$@"; do
		dpkg-query -W -f='${Status}' "$name" 2>/dev/null |
			grep -q 'install ok installed' || missing="$missing $name"
	done
	[ -n "$missing" ] || return 0
	say "installing:$missing"
	local sudo=""
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null || {
			say "run me as root, or install sudo, to install packages" >&2
			return 1
		}
		sudo=sudo
	fi
	local quiet="-qq -o Dpkg::Use-Pty=0"
	# shellcheck disable=SC2086
	$sudo apt-get $quiet update >/dev/null
	# nsd would start by itself and take port 53; we start our own.
	$sudo mkdir -p /usr/sbin
	local policy=/usr/sbin/policy-rc.d made=""
	if [ ! -e $policy ]; then
		printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null
		$sudo chmod 755 $policy
		made=1
	fi
	local rc=0
	# shellcheck disable=SC2086
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get $quiet install -y \
		--no-install-recommends $missing >/dev/null || rc=$?
	[ -z "$made" ] || $sudo rm -f $policy
	return $rc
}

# Configures and builds a preset, with or without the tests; its output only
# when it fails.
build() { # preset, ON or OFF
	local preset=$1 tests=$2 log rc=0
	log=$(mktemp)
	say "building ($preset)"
	(cd "$ROOT" && cmake --preset "$preset" -DPOSTHORN_TESTS="$tests" &&
		cmake --build --preset "$preset") \
		>"$log" 2>&1 || rc=$?
	[ $rc = 0 ] || cat "$log"
	rm -f "$log"
	return $rc
}
