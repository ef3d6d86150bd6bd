// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IRewards} from "../IRewards.sol";
import {Authorization} from "../Authorization.sol";
import {Epoch} from "./Epoch.sol";
import {Tree} from "./Tree.sol";

contract RewardsDisputeTest is Epoch {
    uint256 private constant ANN = 0xA1;
    uint256 private constant BOB = 0xB0B;

    function setUp() public override {
        super.setUp();
        _fund(BOB, 1_000e6, "first");
    }

    function _active(Table memory t, uint24 epoch) private {
        _post(t, epoch);
        vm.warp(block.timestamp + WINDOW);
    }

    function test_anUpheldChallengeDropsTheRootAndReturnsTheBond() public {
        Table memory old = _even(3, 10e6);
        _active(old, 1);
        _post(_even(3, 25e6), 2);
        _challenge(ANN);
        vm.warp(block.timestamp + WINDOW); // an undecided root never becomes active
        _equal(_claim(old, 1), 10e6, "old root");
        vm.prank(ARBITER);
        rewards.resolve(true, "finding");
        _equal(token.balanceOf(vm.addr(ANN)), CHALLENGE_BOND, "bond");
        _post(_even(3, 24e6), 2); // a correction may repeat the epoch
    }

    function test_aRejectedChallengeCostsItsBondAndTheRootGoesOn() public {
        Table memory t = _even(3, 10e6);
        _post(t, 1);
        _challenge(ANN);
        vm.prank(ARBITER);
        rewards.resolve(false, "finding");
        _equal(token.balanceOf(TREASURY), CHALLENGE_BOND, "treasury");
        vm.warp(block.timestamp + WINDOW);
        _equal(_claim(t, 1), 10e6, "claimed");
    }

    function test_noChallengeAfterTheWindow() public {
        _post(_even(3, 10e6), 1);
        bytes32 nonce = keccak256(abi.encode(rewards.CHALLENGE(), rewards.standing().pendingRoot, bytes32("evidence")));
        _mint(vm.addr(ANN), CHALLENGE_BOND);
        Authorization memory a = _sign(ANN, address(rewards), CHALLENGE_BOND, nonce);
        vm.warp(block.timestamp + WINDOW);
        _refuses(IRewards.NothingPending.selector);
        rewards.challenge(vm.addr(ANN), "evidence", a);
    }

    function test_thePosterNeverJudgesItsOwnRoot() public {
        _post(_even(3, 10e6), 1);
        _challenge(ANN);
        manager.grantRole(1, POSTER, 0);
        vm.prank(POSTER);
        _refuses(IRewards.ArbiterIsPoster.selector);
        rewards.resolve(false, "finding");
        _refuses(IAccessManaged.AccessManagedUnauthorized.selector);
        rewards.resolve(false, "finding");
    }

    function test_aWithdrawnRootReturnsTheChallengersBond() public {
        _post(_even(3, 10e6), 1);
        _challenge(ANN);
        vm.prank(POSTER);
        rewards.withdraw();
        _equal(token.balanceOf(vm.addr(ANN)), CHALLENGE_BOND, "bond");
        _true(rewards.standing().pendingRoot == 0, "dropped");
    }

    // Refutations by proof

    function _reindexed(Table memory t, uint256 index, address account, uint64 cumulative)
        private
        view
        returns (Table memory next, IRewards.Leaf memory leaf)
    {
        leaf = IRewards.Leaf(index, account, cumulative);
        bytes32[] memory leaves = new bytes32[](t.cumulatives.length);
        for (uint256 i = 0; i < leaves.length; ++i) leaves[i] = _hashOf(i == index ? leaf : _leafOf(t, i));
        next = Table(t.cumulatives, Tree.build(leaves), t.total);
    }

    function testFuzz_anIndexGivenToAnotherAccountIsRefuted(address thief, uint64 cumulative) public {
        vm.assume(thief != _account(2));
        Table memory t = _even(6, 10e6);
        _active(t, 1);
        (Table memory next, IRewards.Leaf memory leaf) = _reindexed(t, 2, thief, cumulative);
        _post(next, 2);
        rewards.refute(_leafOf(t, 2), Tree.proof(t.nodes, 2), leaf, Tree.proof(next.nodes, 2));
        _true(rewards.standing().pendingRoot == 0, "dropped");
        _equal(_claim(t, 2), 10e6, "the old root still pays");
    }

    function testFuzz_aShrunkCumulativeIsRefutedAndAGrownOneIsNot(uint64 cumulative) public {
        Table memory t = _even(6, 10e6);
        _active(t, 1);
        (Table memory next, IRewards.Leaf memory leaf) = _reindexed(t, 2, _account(2), cumulative);
        _post(next, 2);
        bytes32[] memory proof = Tree.proof(t.nodes, 2);
        bytes32[] memory nextProof = Tree.proof(next.nodes, 2);
        if (cumulative >= 10e6) _refuses(IRewards.NotARefutation.selector);
        rewards.refute(_leafOf(t, 2), proof, leaf, nextProof);
        _equal(rewards.standing().pendingRoot == 0 ? 1 : 0, cumulative < 10e6 ? 1 : 0, "dropped");
    }

    function test_anIndexTwiceInOneRootIsRefuted() public {
        Table memory t = _even(6, 10e6);
        IRewards.Leaf memory twin = IRewards.Leaf(1, _account(1), 11e6);
        bytes32[] memory leaves = new bytes32[](6);
        for (uint256 i = 0; i < 6; ++i) leaves[i] = _hashOf(i == 4 ? twin : _leafOf(t, i));
        Table memory next = Table(t.cumulatives, Tree.build(leaves), t.total);
        _post(next, 1);
        _challenge(ANN);
        rewards.refute(_leafOf(t, 1), Tree.proof(next.nodes, 1), twin, Tree.proof(next.nodes, 4));
        _equal(token.balanceOf(vm.addr(ANN)), CHALLENGE_BOND, "the challenger was right");
    }
}
