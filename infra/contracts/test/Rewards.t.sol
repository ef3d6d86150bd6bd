// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IRewards} from "../IRewards.sol";
import {Epoch} from "./Epoch.sol";
import {Tree} from "./Tree.sol";

contract RewardsTest is Epoch {
    uint256 private constant ANN = 0xA1;
    uint256 private constant BOB = 0xB0B;
    bytes4 private constant PANIC = bytes4(keccak256("Panic(uint256)"));

    function setUp() public override {
        super.setUp();
        _fund(BOB, 1_000e6, "first");
    }

    function _active(Table memory t, uint24 epoch) private {
        _post(t, epoch);
        vm.warp(block.timestamp + WINDOW);
    }

    // Posting

    function test_onlyThePosterPosts() public {
        _refuses(IRewards.NotPoster.selector);
        rewards.post("root", "file", 1, 1);
    }

    function test_aRootPaysOnlyWhatIsFunded() public {
        vm.prank(POSTER);
        _refuses(IRewards.NotFunded.selector);
        rewards.post("root", "file", 1, 1_000e6 + 1);
    }

    function test_epochsAndTotalsNeverGoBack() public {
        _active(_even(3, 10e6), 5);
        vm.prank(POSTER);
        _refuses(IRewards.TotalShrank.selector);
        rewards.post("root", "file", 6, 30e6 - 1);
        vm.prank(POSTER);
        _refuses(IRewards.EpochWentBack.selector);
        rewards.post("root", "file", 4, 30e6);
    }

    function test_oneRootAtATimeIsInItsWindow() public {
        _post(_even(3, 10e6), 1);
        vm.prank(POSTER);
        _refuses(IRewards.RootPending.selector);
        rewards.post("root", "file", 2, 30e6);
    }

    function test_theOldRootPaysDuringTheWindow() public {
        Table memory old = _even(3, 10e6);
        Table memory next = _even(3, 25e6);
        _active(old, 1);
        _post(next, 2);
        IRewards.Leaf memory leaf = _leafOf(next, 0);
        bytes32[] memory proof = Tree.proof(next.nodes, 0);
        _refuses(IRewards.NotInTree.selector);
        rewards.claim(leaf, proof);
        _equal(_claim(old, 0), 10e6, "old root");
        vm.warp(block.timestamp + WINDOW);
        _equal(_claim(next, 0), 15e6, "new root, the difference");
    }

    // Claiming

    function testFuzz_everybodyIsPaidTheirCumulativeOnce(uint64[7] memory parts, uint256 twice) public {
        uint64[] memory cumulatives = new uint64[](7);
        for (uint256 i = 0; i < 7; ++i) cumulatives[i] = parts[i] % 100e6;
        Table memory t = _table(cumulatives);
        _active(t, 1);
        for (uint256 i = 0; i < 7; ++i) _equal(_claim(t, i), cumulatives[i], "claimed");
        _equal(_claim(t, twice % 7), 0, "a second claim");
        for (uint256 i = 0; i < 7; ++i) _equal(token.balanceOf(_account(i)), cumulatives[i], "balance");
        _equal(rewards.standing().paid, t.total, "paid");
    }

    function test_aLeafIsTheOneOfChainDecode() public view {
        bytes32 golden = 0xea89e1598236739ea78158f04d1469e0f059fc64eab03c7e1b34d1ea7f4eb9a9;
        bytes32 hash = _hashOf(IRewards.Leaf(7, address(0xA7), 5e6));
        _true(hash == golden, "the same constant stands in chain-decode.test.ts");
    }

    function testFuzz_aClaimFitsOnlyItsLeaf(uint256 index, address account, uint64 cumulative) public {
        vm.assume(index != 1 || account != _account(1) || cumulative != 10e6);
        Table memory t = _even(3, 10e6);
        _active(t, 1);
        bytes32[] memory proof = Tree.proof(t.nodes, 1);
        _refuses(IRewards.NotInTree.selector);
        rewards.claim(IRewards.Leaf(index, account, cumulative), proof);
    }

    function test_aRootWithAWrongSumPaysNoMoreThanItsTotal() public {
        Table memory t = _even(3, 10e6);
        t.total = 25e6;
        _active(t, 1);
        _claim(t, 0);
        _claim(t, 1);
        IRewards.Leaf memory leaf = _leafOf(t, 2);
        bytes32[] memory proof = Tree.proof(t.nodes, 2);
        _refuses(IRewards.PaidPastTotal.selector);
        rewards.claim(leaf, proof);
    }

    function testFuzz_aRangePaysAllItsLeaves(uint256 size, uint256 first, uint256 count) public {
        size = 1 + (size % 40);
        first = first % size;
        Table memory t = _even(size, 3e6);
        count = 1 + (count % Tree.level(t.nodes, first));
        _active(t, 1);
        _equal(_claimRange(t, first, count), 3e6 * count, "first");
        _equal(_claimRange(t, first, count), 0, "again");
        for (uint256 i = 0; i < size; ++i) {
            bool inside = i >= first && i < first + count;
            _equal(token.balanceOf(_account(i)), inside ? 3e6 : 0, "balance");
        }
    }

    function test_aRangeWithAForeignLeafIsRefused() public {
        Table memory t = _even(4, 3e6);
        _active(t, 1);
        (uint256 place, bytes32[] memory proof) = Tree.range(t.nodes, 0, 2);
        uint256[] memory entries = new uint256[](2);
        entries[0] = (uint256(uint160(_account(0))) << 64) | 3e6;
        entries[1] = (uint256(uint160(_account(1))) << 64) | 4e6;
        _refuses(IRewards.NotInTree.selector);
        rewards.claimRange(0, place, entries, proof);
        entries[1] = (uint256(uint160(_account(1))) << 64) | 3e6;
        _refuses(IRewards.NotInTree.selector); // right leaves, other indices
        rewards.claimRange(1, place, entries, proof);
        _refuses(PANIC); // right leaves, another place: the proof is too short for it
        rewards.claimRange(0, place + 1, entries, proof);
        _refuses(IRewards.NotInTree.selector);
        rewards.claimRange(0, 0, entries, proof);
        _refuses(PANIC); // no leaf at all
        rewards.claimRange(0, place, new uint256[](0), proof);
        _equal(rewards.claimRange(0, place, entries, proof), 6e6, "as it stands in the tree");
    }

    function test_aFrozenIndexIsNotPaidAndSpoilsNoBatch() public {
        Table memory t = _even(8, 3e6);
        _active(t, 1);
        _claim(t, 2);
        vm.prank(GUARDIAN);
        rewards.freeze(3, true);
        IRewards.Leaf memory leaf = _leafOf(t, 3);
        bytes32[] memory proof = Tree.proof(t.nodes, 3);
        _refuses(IRewards.IndexFrozen.selector);
        rewards.claim(leaf, proof);
        _equal(_claimRange(t, 0, 8), 18e6, "six of eight");
        (uint64 units, bool frozen) = rewards.claimed(3);
        _true(frozen && units == 0, "frozen");
        (units, frozen) = rewards.claimed(2);
        _true(!frozen && units == 3e6, "its neighbour");
        vm.prank(GUARDIAN);
        rewards.freeze(3, false);
        _equal(_claim(t, 3), 3e6, "thawed");
    }

    function _signClaim(Table memory t, uint256 key, address recipient, uint256 deadline)
        private
        view
        returns (bytes memory)
    {
        bytes32 typehash = keccak256(
            "ClaimTo(uint256 index,bytes32 root,uint64 cumulative,address recipient,uint256 nonce,uint256 deadline)"
        );
        uint256 nonce = rewards.nonces(vm.addr(key));
        bytes32 body = keccak256(abi.encode(typehash, 0, t.nodes[0], t.cumulatives[0], recipient, nonce, deadline));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, keccak256(abi.encodePacked(hex"1901", _domain(), body)));
        return abi.encodePacked(r, s, v);
    }

    function _domain() private view returns (bytes32) {
        (, string memory name, string memory version, uint256 chainId, address here,,) = rewards.eip712Domain();
        return keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256(bytes(name)),
                keccak256(bytes(version)),
                chainId,
                here
            )
        );
    }

    function test_anAccountMaySendItsRewardElsewhereByItsSignature() public {
        Table memory t;
        t.cumulatives = new uint64[](1);
        t.cumulatives[0] = t.total = 5e6;
        IRewards.Leaf memory leaf = IRewards.Leaf(0, vm.addr(ANN), 5e6);
        t.nodes = new bytes32[](1);
        t.nodes[0] = _hashOf(leaf);
        _active(t, 1);
        bytes32[] memory none = new bytes32[](0);
        uint256 deadline = block.timestamp + 60;
        bytes memory signature = _signClaim(t, ANN, address(0x5AFE), deadline);
        _refuses(IRewards.NotSigned.selector);
        rewards.claimTo(leaf, none, address(0xBAD), deadline, signature);
        _equal(rewards.claimTo(leaf, none, address(0x5AFE), deadline, signature), 5e6, "claimed");
        _equal(token.balanceOf(address(0x5AFE)), 5e6, "recipient");
        _refuses(IRewards.NotSigned.selector); // its nonce is used
        rewards.claimTo(leaf, none, address(0x5AFE), deadline, signature);
        vm.warp(deadline + 1);
        _refuses(IRewards.DeadlinePassed.selector);
        rewards.claimTo(leaf, none, address(0x5AFE), deadline, signature);
    }

    // Pause and roles

    function test_aPauseStopsClaimsAndRestartsTheWindow() public {
        Table memory t = _even(3, 10e6);
        _post(t, 1);
        vm.prank(GUARDIAN);
        rewards.setPause(true);
        vm.warp(block.timestamp + WINDOW);
        IRewards.Leaf memory leaf = _leafOf(t, 0);
        bytes32[] memory proof = Tree.proof(t.nodes, 0);
        _refuses(IRewards.IsPaused.selector);
        rewards.claim(leaf, proof);
        vm.prank(GUARDIAN);
        rewards.setPause(false);
        _refuses(IRewards.NotInTree.selector); // the window started anew
        rewards.claim(leaf, proof);
        vm.warp(block.timestamp + WINDOW);
        _equal(_claim(t, 0), 10e6, "claimed");
    }

    function test_guardianAndPosterAreAppointed() public {
        _refuses(IAccessManaged.AccessManagedUnauthorized.selector);
        rewards.freeze(1, true);
        _refuses(IAccessManaged.AccessManagedUnauthorized.selector);
        rewards.setPause(true);
        _refuses(IAccessManaged.AccessManagedUnauthorized.selector);
        vm.prank(POSTER);
        rewards.appointPoster(POSTER);
        _post(_even(3, 10e6), 1);
        _refuses(IRewards.RootPending.selector);
        rewards.appointPoster(address(1));
    }
}
