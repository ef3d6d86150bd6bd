// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @dev What forge asks of an invariant test: which functions it may call, in any order. The handlers keep to what is allowed in
/// the state at hand, so that a revert is a failure (fail_on_revert).
abstract contract Invariant {
    bool public constant IS_TEST = true;

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    error Broken();

    function _holds(bool truth) internal pure {
        if (!truth) revert Broken();
    }
}
