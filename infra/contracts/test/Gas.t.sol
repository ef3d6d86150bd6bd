// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Epoch} from "./Epoch.sol";

/// @dev The bars of the design. `isolate` makes each call a transaction: base cost, calldata and cold storage are in. The figures
/// are kept in infra/contracts/gas and compared on every run.
contract GasTest is Epoch {
    uint256 private constant PEOPLE = 10_000;
    uint256 private constant BATCH = 256;

    error OverTheBar(string what, uint256 gasUsed, uint256 bar);

    function _bar(string memory name, uint256 items, uint256 bar) private {
        uint256 each = vm.snapshotGasLastCall("Rewards", name) / items;
        if (items > 1) vm.snapshotValue("Rewards", string.concat(name, ", each"), each);
        if (each > bar) revert OverTheBar(name, each, bar);
    }

    function test_postsAndClaimsStayUnderTheirBars() public {
        _fund(0xB0B, 1e12, "first");
        Table memory first = _even(PEOPLE, 3_141_592);
        _post(first, 1);
        _bar("post", 1, 40_000);
        vm.warp(block.timestamp + WINDOW);
        _claimRange(first, 512, BATCH);
        _bar("first claim, 256 of 10000", BATCH, 35_000);
        Table memory second = _even(PEOPLE, 6_535_897);
        _post(second, 2);
        _bar("second post", 1, 40_000);
        vm.warp(block.timestamp + WINDOW);
        _claimRange(second, 512, BATCH);
        _bar("later claim, 256 of 10000", BATCH, 12_000);
        _claim(second, 7000);
        _bar("first claim alone", 1, 105_000);
    }

    function test_recordsStayUnderTheirBars() public {
        _propose(0xA1, "bees");
        vm.snapshotGasLastCall("Registry", "propose");
        _poll("bees", true);
        _equal(vm.snapshotGasLastCall("Registry", "recordPoll") < 65_000 ? 1 : 0, 1, "recordPoll");
        vm.prank(OPERATOR);
        registry.anchorLedger("root", 1, 500);
        _equal(vm.snapshotGasLastCall("Registry", "anchorLedger") < 28_000 ? 1 : 0, 1, "anchorLedger");
    }
}
